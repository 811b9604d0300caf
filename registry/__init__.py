"""What is true about the office: rooms, what stands in them, and who uses them when."""
