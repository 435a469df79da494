"""What each request to a site meets: admission, a place in the queue, or an estimate of the wait."""
