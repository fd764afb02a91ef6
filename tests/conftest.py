"""Settings of the property tests: no deadline, because a slow machine is no wrong dose."""

from hypothesis import settings

settings.register_profile("infusecalc", deadline=None)
settings.load_profile("infusecalc")
