"""Instagram and Messenger, by the messaging API of Meta: two kinds that read and send alike."""
