"""Language models that are asked in words: what is sent, who is asked, what is kept, and which items a reply names."""
