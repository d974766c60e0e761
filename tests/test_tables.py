import csv
import io

from emolab.tables import csv_text, markdown


def test_csv_reads_back_and_quotes_only_what_it_must() -> None:
    rows = [("a,b", 'say "x"'), ("two\nlines", ""), ("plain", 3)]
    text = csv_text(("one", "other"), rows)
    assert text.startswith('one,other\n"a,b","say ""x"""\n')
    assert text.endswith("\nplain,3\n")
    assert list(csv.reader(io.StringIO(text)))[1:] == [[str(cell) for cell in row] for row in rows]


def test_markdown_keeps_a_bar_within_its_cell() -> None:
    assert markdown(["a|b", "c"], (row for row in [["1", "2|3"]])) == "| a\\|b | c |\n| --- | --- |\n| 1 | 2\\|3 |\n"


def test_markdown_keeps_a_line_within_its_row() -> None:
    assert markdown(["name"], [["two\nlines"]]).endswith("| two lines |\n")


def test_markdown_shows_a_strangers_text_and_neither_runs_nor_obeys_it() -> None:
    table = markdown(["lr>0"], [["<img src=x onerror=alert(1)>\x1b[2J"]])
    assert table == "| lr&gt;0 |\n| --- |\n| &lt;img src=x onerror=alert(1)&gt;\\x1b[2J |\n"
