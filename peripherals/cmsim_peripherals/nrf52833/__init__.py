"""Models of the nRF52833, as far as they differ from the nRF52840's."""
