// What stands between a stranger and one's account.
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { mySecurity } from '../api/security'

const KEY = ['security', 'mine']

export const useMySecurity = () => useQuery({ queryKey: KEY, queryFn: mySecurity })

export function useRefreshMySecurity(): () => Promise<void> {
  const client = useQueryClient()
  return () => client.invalidateQueries({ queryKey: KEY })
}
