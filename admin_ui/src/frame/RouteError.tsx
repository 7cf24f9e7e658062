// A screen that broke: say so, offer to load it again; the rest of the application goes on.
import { useRouteError } from 'react-router'
import { ErrorState } from './states'

export function RouteError() {
  const error = useRouteError()
  return <ErrorState error={error} onRetry={() => window.location.reload()} />
}
