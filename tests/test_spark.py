"""Cohorts on Spark give what they give in Polars; skipped where there is no PySpark or no Java."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from benchmarks import histories
from benchmarks.cohort_equality import BANDED, banded_rows, rows
from infusecalc import InfusecalcError, load_table
from infusecalc.cohort import RejectedRows, expand, rejects
from support import table

pytestmark = [
    pytest.mark.skipif(find_spec("pyspark") is None, reason="needs the extra spark"),  # .ci/run installs it
    pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java"),  # .ci/run installs it
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),  # PySpark warns of itself
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # PySpark leaves the sockets of its workers open
]

ORDER = (pl.col("patient_id").cast(pl.Int64), pl.col("number"))


@pytest.fixture(scope="module", params=["local[2]", "cluster"])
def spark(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A session of two threads, and one of a standalone master with two workers."""
    master = request.param if request.param != "cluster" else "local-cluster[2,1,1024]"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        from pyspark.sql import SparkSession  # noqa: PLC0415 - only where there is a Java

        builder = SparkSession.builder.master(master).appName("infusecalc tests")
        for name, value in {
            "ui.enabled": "false",
            "driver.host": "127.0.0.1",
            "driver.bindAddress": "127.0.0.1",
        }.items():
            builder = builder.config(f"spark.{name}", value)
        session = builder.getOrCreate()
        session.sparkContext.setLogLevel("OFF")
        yield session
        session.stop()


@pytest.fixture(scope="module")
def cohort() -> pl.DataFrame:
    """A thousand made-up patients, some of them bad."""
    listed = pl.DataFrame(list(rows(1000, 77, table())), schema_overrides={"bsa_m2": pl.String})
    return listed.with_columns(patient_id=pl.int_range(pl.len()).cast(pl.String))


def test_spark_gives_the_rows_of_polars(spark: Any, cohort: pl.DataFrame) -> None:
    from infusecalc.cohort.spark import expand as on_spark  # noqa: PLC0415 - only where there is PySpark

    frame = spark.createDataFrame(cohort.to_arrow()).repartition(3)
    found = pl.DataFrame(on_spark(frame, round_="vial").toArrow())
    with pytest.warns(RejectedRows):
        wanted = expand(cohort, round_="vial")
    assert found.schema == wanted.schema
    assert_frame_equal(found.sort(ORDER), wanted)


def test_spark_gives_the_caps_and_bands_of_polars(spark: Any) -> None:
    from infusecalc.cohort.spark import expand as on_spark  # noqa: PLC0415 - only where there is PySpark

    listed = pl.DataFrame(list(banded_rows(600, 79)), schema_overrides={"variant": pl.String})
    listed = listed.with_columns(patient_id=pl.int_range(pl.len()).cast(pl.String))
    frame = spark.createDataFrame(listed.to_arrow()).repartition(3)
    found = pl.DataFrame(on_spark(frame, table=load_table(BANDED)).toArrow())
    with pytest.warns(RejectedRows):
        wanted = expand(listed, table=load_table(BANDED))
    assert_frame_equal(found.sort(ORDER), wanted)
    bases = wanted["dose_basis"].unique().drop_nulls()
    assert bases.str.contains("at most").sum() == 6, "each cap"
    assert {"500 mg", "750 mg", "1000 mg", "575 mg/m2", "600 mg/m2", "1100 mg"} <= set(bases), "each band"


def test_spark_rejects_the_rows_that_polars_rejects(spark: Any, cohort: pl.DataFrame) -> None:
    from infusecalc.cohort.spark import rejects as on_spark  # noqa: PLC0415 - only where there is PySpark

    found = pl.DataFrame(on_spark(spark.createDataFrame(cohort.to_arrow())).toArrow())
    wanted = rejects(cohort)
    assert found.schema == wanted.schema
    assert found["row"].null_count() == found.height > 0
    assert_frame_equal(found.drop("row"), wanted.drop("row"), check_row_order=False)


def test_columns_are_checked_before_any_row_is_read(spark: Any, cohort: pl.DataFrame) -> None:
    from infusecalc.cohort.spark import expand as on_spark  # noqa: PLC0415 - only where there is PySpark

    frame = spark.createDataFrame(cohort.head(5).with_columns(ward=pl.lit(5)).to_arrow())
    with pytest.raises(InfusecalcError, match="column 'ward' is not known"):
        on_spark(frame)
    kept = on_spark(frame, keep_extra=True)
    assert kept.schema["ward"].dataType.typeName() == "integer"
    with pytest.raises(InfusecalcError, match="has the type timestamp"):
        on_spark(frame.selectExpr("cast(start as timestamp) start", "drug", "indication", "weight_kg"))
    with pytest.raises(InfusecalcError, match=r"`round_` '.*' is not known"):
        on_spark(frame, keep_extra=True, round_="7mg")


def test_spark_gives_the_histories_weights_and_orders_of_polars(spark: Any) -> None:
    from infusecalc.cohort.spark import expand as on_spark  # noqa: PLC0415 - only where there is PySpark
    from infusecalc.cohort.spark import rejects as rejects_on_spark  # noqa: PLC0415 - only where there is PySpark

    made = histories.cohort(80, 5, table())
    listed, given, weights = (pl.DataFrame(each, infer_schema_length=None) for each in made)
    listed = listed.with_columns(pl.all().cast(pl.String))
    surplus = {"patient_id": "surplus", "drug": "infliximab", "indication": "kawasaki", "weight_kg": "20"}
    listed = pl.concat([listed, pl.DataFrame([surplus])], how="diagonal")
    given = pl.concat(
        [given, pl.DataFrame({"patient_id": ["surplus"] * 2, "date": ["2026-01-05", "2026-01-19"]})], how="diagonal"
    )
    frame = spark.createDataFrame(listed.to_arrow()).repartition(3)
    told = spark.createDataFrame(given.to_arrow())
    order = ("patient_id", "drug", "indication", "number")
    found = pl.DataFrame(on_spark(frame, given=told, weights=weights, anchor="planned").toArrow())
    with pytest.warns(RejectedRows):
        wanted = expand(listed, given=given, weights=weights, anchor="planned")
    assert found.schema == wanted.schema
    assert_frame_equal(found.sort(order), wanted.sort(order))
    bad = pl.DataFrame(rejects_on_spark(frame, given=told, weights=weights).toArrow())
    rejected = rejects(listed, given=given, weights=weights)
    assert rejected.filter(file="given", patient_id="surplus").height == 1, "a line that no plan has a place for"
    assert_frame_equal(
        bad.filter(pl.col("file") != "cohort"), rejected.filter(pl.col("file") != "cohort"), check_row_order=False
    )
    assert_frame_equal(bad.drop("row"), rejected.drop("row"), check_row_order=False)
    unknown = pl.DataFrame(on_spark(frame.drop("patient_id"), weights=weights).toArrow())
    assert unknown.height > 0
