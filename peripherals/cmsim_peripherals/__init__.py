"""The chips, parts and boards that come with cmsim."""
