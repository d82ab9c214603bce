#!/bin/sh
# hatchling: files under `force-include` are copied into an EDITABLE wheel, too.
#
# An editable install should be a pointer to the checkout. With
#   [tool.hatch.build.targets.wheel.force-include]
#   "data" = "pkg/_data"
# `pip install -e .` puts copies of data/ into site-packages/pkg/_data, beside the .pth file. They do
# not follow the checkout, and a folder `pkg` without __init__.py appears in site-packages. A build
# hook that sets build_data["force_include"] for the version "standard" alone does not do that.
#
# Seen with hatchling 1.33.0. Ends with 0 while that is so.
set -eu
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
python3 -m venv env
env/bin/python -m pip --quiet --disable-pip-version-check install hatchling==1.33.0 editables==0.6

mkdir -p project/pkg project/data
touch project/pkg/__init__.py
echo old >project/data/text.txt
cat >project/pyproject.toml <<'TOML'
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "pkg"
version = "1"
[tool.hatch.build.targets.wheel.force-include]
"data" = "pkg/_data"
TOML
cd project
../env/bin/python -m pip --quiet --disable-pip-version-check install --no-deps --no-build-isolation --editable .
echo new >data/text.txt
cd "$place"
installed=$(find env -path '*/site-packages/pkg/_data/text.txt')
echo "hatchling $(env/bin/python -c 'import importlib.metadata as m; print(m.version("hatchling"))')"
echo "copied into site-packages: ${installed:-nothing}"
echo "it says '$(cat "$installed" 2>/dev/null)', the checkout says '$(cat project/data/text.txt)'"
[ -n "$installed" ] && [ "$(cat "$installed")" = old ]
