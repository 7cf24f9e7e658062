// After a definition has changed: whatever was drawn from the old one is read again.
import type { QueryClient } from '@tanstack/react-query'

export async function refreshDefinitions(client: QueryClient, object?: string): Promise<void> {
  await Promise.all([
    client.invalidateQueries({ queryKey: ['setup'] }),
    client.invalidateQueries({ queryKey: object === undefined ? ['describe'] : ['describe', object] }),
    client.invalidateQueries({ queryKey: ['list'] }),
    client.invalidateQueries({ queryKey: ['record'] }),
    client.refetchQueries({ queryKey: ['bootstrap'] }),
  ])
}
