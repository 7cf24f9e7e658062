// Shows the application to whoever is signed in, and the sign-in to everybody else; a session that ends keeps the page below.
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useState, type ReactNode } from 'react'
import { ApiError, onSignedOut } from '../api/client'
import { bootstrapQuery } from '../api/queries'
import { useTranslation } from 'react-i18next'
import { useChangeLanguage } from './Providers'
import { StepUp } from '../security/StepUp'
import { SessionContext } from './session'
import { SignIn } from './SignIn'
import { SignInAgain } from './SignInAgain'
import { ErrorState, PageSkeleton } from './states'

export function SessionGate({ children }: { children: ReactNode }) {
  const { i18n } = useTranslation()
  const client = useQueryClient()
  const changeLanguage = useChangeLanguage()
  const [isSignedOut, setSignedOut] = useState(false)
  // Asked before anything was drawn (main.tsx): not again because it was refused.
  const session = useQuery({ ...bootstrapQuery, retryOnMount: false })

  useEffect(() => onSignedOut(() => setSignedOut(true)), [])

  const language = session.data?.user.language
  useEffect(() => {
    if (language !== undefined) void changeLanguage(language)
  }, [language, changeLanguage])

  async function enter() {
    setSignedOut(false)
    const before = client.getQueryData<{ user: { id: string } }>(['bootstrap'])?.user.id
    const after = (await session.refetch()).data?.user.id
    // Somebody else sits here now: nothing of what was on the screen is theirs.
    if (before !== undefined && before !== after) window.location.assign('/')
    else await client.invalidateQueries({ predicate: (query) => query.queryKey[0] !== 'bootstrap' })
  }

  if (session.data === undefined) {
    const isPending = session.error instanceof ApiError && session.error.problems[0]?.pending !== undefined
    if (isPending || (session.error instanceof ApiError && session.error.isSignedOut))
      return <SignIn isPending={isPending} onSignedIn={() => void enter()} />
    if (session.error !== null) return <ErrorState error={session.error} onRetry={() => void session.refetch()} />
    return <PageSkeleton />
  }
  if (session.data.user.language !== i18n.language) return <PageSkeleton />
  return (
    <SessionContext value={session.data}>
      {children}
      <StepUp />
      {isSignedOut && <SignInAgain username={session.data.user.username} onSignedIn={() => void enter()} />}
    </SessionContext>
  )
}
