// Who is signed in, for whom, and what the server lets them open.
import { createContext, useContext } from 'react'
import type { Bootstrap } from '../api/types'

export const SessionContext = createContext<Bootstrap | null>(null)

export function useSession(): Bootstrap {
  const session = useContext(SessionContext)
  if (session === null) throw new Error('useSession is used outside of a session.')
  return session
}

export function useMay(permission: string): boolean {
  return useSession().permissions.includes(permission)
}
