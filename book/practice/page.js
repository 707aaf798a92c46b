// The editors in a lab's page: bundled to editor.js.
