"""Work that no request waits for; request code never imports it."""
