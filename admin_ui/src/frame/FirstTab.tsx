// The start: the first tab of one's app.
import { Navigate } from 'react-router'
import { tabAddress, useApp } from './tabs'

export function FirstTab() {
  const app = useApp()
  const [first] = app?.tabs ?? []
  return <Navigate to={first ? tabAddress(first) : '/home'} replace />
}
