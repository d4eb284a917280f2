"""What the guides say against what they speak of."""

import re
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GUIDES = [ROOT / name for name in ("docs/operations.md", "terraform/README.md", "docs/simulation/README.md")]


def anchors(text):
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


class Guides(unittest.TestCase):
    def test_every_link_leads_somewhere(self):
        broken = []
        for guide in GUIDES:
            for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", guide.read_text()):
                path, _, anchor = target.partition("#")
                file = (guide.parent / path).resolve() if path else guide
                if not file.exists() or (anchor and anchor not in anchors(file.read_text())):
                    broken.append(f"{guide.name}: {target}")
        self.assertEqual(broken, [])

    def test_every_exit_code_is_explained(self):
        codes = set(re.findall(r"Self::\w+ => (\d+),", (ROOT / "src" / "exit.rs").read_text()))
        self.assertGreaterEqual(len(codes), 6)
        explained = set(re.findall(r"^\| (\d+) \|", GUIDES[0].read_text(), re.MULTILINE))
        self.assertEqual(codes - explained, set())

    def test_the_image_is_what_the_task_definition_takes_it_for(self):
        dockerfile, task = (ROOT / "Dockerfile").read_text(), (ROOT / "terraform" / "task.tf").read_text()
        user = re.search(r"^USER (\S+)$", dockerfile, re.MULTILINE)[1]
        self.assertIn(f'user      = "{user}"', task)
        program = re.search(r'^ENTRYPOINT \["(.+)"\]$', dockerfile, re.MULTILINE)[1]
        self.assertIn(f'["CMD", "{program}", "health"]', task)
        volumes = re.search(r"^VOLUME (\[.+\])$", dockerfile, re.MULTILINE)[1]
        cache = re.search(
            r'variable "models_cache" \{.*?default += "(\S+)"',
            (ROOT / "terraform" / "variables.tf").read_text(),
            re.DOTALL,
        )[1]
        self.assertIn(f'"{cache}"', volumes)


if __name__ == "__main__":
    unittest.main()
