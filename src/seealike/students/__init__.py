"""Students: networks trained to choose in triplets as a teacher does."""
