"""Publishing a trained model: its card, which files of its folder are published, and uploading."""
