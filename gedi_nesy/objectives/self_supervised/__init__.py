"""Terms that make two views of an image alike and keep all images from becoming so; a published method a file."""
