// Setup opens at its first section.
import { Navigate } from 'react-router'
import { useSetupSections } from './sections'

export function SetupHome() {
  const [first] = useSetupSections()
  return first ? <Navigate to={first.to} replace /> : null
}
