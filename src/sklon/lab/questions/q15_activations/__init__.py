"""Q15: three activation functions, what each is good for and where it fails."""
