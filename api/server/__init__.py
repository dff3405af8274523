"""The process that serves: settings, the installation, the application, workers and logs."""
