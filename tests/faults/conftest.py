from tests.browser.demo import browser, demo_home, finished_demo, server

__all__ = ["browser", "demo_home", "finished_demo", "server"]
