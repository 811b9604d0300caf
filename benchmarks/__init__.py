"""The promises of Izba, one script each, measured against a floor on the same machine in the same run."""
