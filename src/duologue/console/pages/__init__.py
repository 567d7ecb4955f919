"""The console: pages for those who are signed in, drawn from templates."""
