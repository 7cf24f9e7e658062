// An app asks the user for access: who asks, what it could do, and where the browser goes on to.
import { useQuery } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { useSearchParams } from 'react-router'
import { ApiError } from '../api/client'
import { authorization, decideAuthorization } from '../api/federation'
import { EmptyState, ErrorState, Lines } from '../frame/states'
import { ConsentCard } from './ConsentCard'

export function ConsentPage() {
  const { t } = useTranslation()
  const [parameters] = useSearchParams()
  const query = Object.fromEntries(parameters)
  const asked = useQuery({ queryKey: ['authorization', query], queryFn: () => authorization(query), retry: false })
  const isGoing = useRef(false)
  const { data } = asked

  useEffect(() => {
    if (isGoing.current || data === undefined) return
    if (data.redirect === undefined && data.is_consented !== true) return
    isGoing.current = true
    // Known already, or refused: there is nothing to ask.
    const address = data.redirect ? Promise.resolve(data.redirect) : decide(true)
    void address.then((to) => window.location.assign(to))
  })

  const decide = async (allow: boolean) => (await decideAuthorization(query, allow)).redirect

  if (asked.error instanceof ApiError && asked.error.status >= 400 && asked.error.status < 500)
    return <EmptyState title={t('federation.cannotAsk')} hint={asked.error.message} />
  if (asked.error) return <ErrorState error={asked.error} onRetry={() => void asked.refetch()} />
  if (data === undefined || data.redirect !== undefined || data.is_consented) return <Lines />
  return (
    <ConsentCard
      asked={data}
      note={t('federation.goesTo', { host: hostOf(query['redirect_uri']) })}
      onDecide={async (allow) => window.location.assign(await decide(allow))}
    />
  )
}

function hostOf(address: string | undefined): string {
  try {
    const url = new URL(address ?? '')
    return url.host === '' ? url.protocol : url.host
  } catch {
    return '—'
  }
}
