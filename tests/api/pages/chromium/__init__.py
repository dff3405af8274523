"""The pages in a real browser: Chromium, driven by Playwright, against a served salon.

Read `program` (which Chromium), `salon` (the books that are served), `places` (every page there is), `visitor` (a
person at a browser) and `hands` (the mouse, the keyboard). The fixtures stand in `conftest`.

Touch it to tell how a page is opened (`places`), or to follow somebody through pages (`test_stories`).

Never name the pages one by one: they are read off the application, so that none is forgotten.
"""
