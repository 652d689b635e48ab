from tests.browser.demo import browser, demo_home, finished_demo, finished_server

__all__ = ["browser", "demo_home", "finished_demo", "finished_server"]
