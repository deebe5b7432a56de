"""Numbers read from the records: for those who look after a clinic and see no patient for it."""
