// Runs Python beside the page.
