"""Running notebooks: the kernel client, the compiling of reference solutions, and their keys."""
