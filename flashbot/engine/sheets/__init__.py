"""CSV files of people, as spreadsheets save them: lines and cells, what the columns mean, and what a line cannot say.

Reads only. What a command makes of the people stays with the command.
"""
