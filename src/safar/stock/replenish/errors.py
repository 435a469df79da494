"""What replenishment refuses."""

from safar.kernel.errors import SafarError


class NothingSuggested(SafarError):
    """There is nothing here that this supplier delivers. Reload the page to see what is needed now."""

    status = 422
    code = "nothing_suggested"


class ForecastFailed(SafarError):
    """The calculation of the forecasts ended with an error. The worker's log says why."""

    code = "forecast_failed"
