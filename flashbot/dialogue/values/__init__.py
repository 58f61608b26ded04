"""What people mean by "deux", "5000 F" or "lundi": text in, typed values out. One file for each type of value.

Functions of the text, the time and the country handed in. Nothing raises for what a person wrote.
"""
