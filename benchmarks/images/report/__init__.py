"""What is made of all runs: tables, pictures, and one page that holds them."""
