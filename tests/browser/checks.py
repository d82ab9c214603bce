"""What every screen is: readable by all, no wider than it is shown, large enough to touch."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.async_api import Page

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / ".venv-clients" / "node" / "node_modules" / "axe-core" / "axe.min.js"

_SIDEWAYS = """() => {
  const room = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= room) return [];
  const wide = [...document.querySelectorAll("body *")].filter((one) =>
    one.getBoundingClientRect().right > room + 0.5 && one.checkVisibility());
  return wide.slice(-5).map((one) => one.outerHTML.slice(0, 160));
}"""
# Links within a sentence may be as high as its lines (WCAG 2.5.8), and a box with its label.
_TARGETS = """(least) => {
  const all = "a[href], button, input, select, textarea, summary,"
    + " [role=button], [role=option], [role=tab]";
  const small = [];
  for (const one of document.querySelectorAll(all)) {
    if (!one.checkVisibility({ checkVisibilityCSS: true }) || one.type === "hidden") continue;
    if (one.closest("[inert], .skip")) continue;
    if (one.tagName === "A" && getComputedStyle(one).display === "inline"
        && one.parentElement.textContent.trim() !== one.textContent.trim()) continue;
    const boxes = [one, ...(one.labels || [])].map((each) => each.getBoundingClientRect());
    const width = Math.max(...boxes.map((box) => box.width));
    const height = Math.max(...boxes.map((box) => box.height));
    if (!width || !height) continue;
    if (width < least - 0.5 || height < least - 0.5)
      small.push(`${Math.round(width)}x${Math.round(height)} ${one.outerHTML.slice(0, 160)}`);
  }
  return small;
}"""
_FOCUS = """() => document.activeElement === null || document.activeElement === document.body"""


@cache
def _axe() -> str:
    if not AXE.exists():
        raise FileNotFoundError("axe-core is missing: sh tests/browser.sh")
    return AXE.read_text("utf-8")


async def axe(page: "Page", within: str | None = None) -> None:
    """Fails on what axe-core finds, in the whole page or in what a selector names."""
    if not await page.evaluate("() => 'axe' in window"):
        await page.evaluate(_axe())
    found: dict[str, Any] = await page.evaluate(
        "(within) => axe.run(within || document, { resultTypes: ['violations'] })", within
    )
    told = [
        f"{one['id']} ({one['impact']}): {one['help']}\n    "
        + "\n    ".join(f"{node['html'][:200]} {_why(node)}" for node in one["nodes"][:4])
        for one in found["violations"]
    ]
    assert not told, "\n".join(told)


def _why(node: dict[str, Any]) -> str:
    return " ".join(str(node.get("failureSummary", "")).split())[:240]


async def no_sideways(page: "Page") -> None:
    """Nothing has to be scrolled sideways to be seen."""
    wide = await page.evaluate(_SIDEWAYS)
    assert not wide, "too wide: " + "\n".join(wide)


async def targets(page: "Page", least: int = 44) -> None:
    """What can be touched is that high and wide."""
    small = await page.evaluate(_TARGETS, least)
    assert not small, "too small:\n" + "\n".join(small)


async def focus_kept(page: "Page") -> None:
    """Whoever goes by keyboard is somewhere: the focus is not lost to the body."""
    for _ in range(20):
        if not await page.evaluate(_FOCUS):
            return
        await page.wait_for_timeout(50)
    raise AssertionError("the focus is lost to the body")
