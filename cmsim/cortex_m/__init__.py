"""The ARMv7-M processor: Unicorn executes instructions, everything around them is modelled here."""
