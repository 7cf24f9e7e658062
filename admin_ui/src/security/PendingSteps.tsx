// What is still missing of a sign-in, one thing after the other: a second factor, a new one, a new password.
import { useQuery } from '@tanstack/react-query'
import Button from 'antd/es/button'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { setCsrfToken } from '../api/client'
import { signOut } from '../api/endpoints'
import { changePassword, verification } from '../api/security'
import { ErrorState, Lines } from '../frame/states'
import { EnrolFactor } from './EnrolFactor'
import { NewPassword } from './NewPassword'
import { RecoveryCodes } from './RecoveryCodes'
import { VerifyForm } from './VerifyForm'

interface PendingStepsProps {
  username?: string
  /** The password just typed, so that it is not asked for again. */
  password?: string
  onDone: () => void
}

export function PendingSteps({ username, password, onDone }: PendingStepsProps) {
  const { t } = useTranslation()
  const [codes, setCodes] = useState<string[]>([])
  const state = useQuery({ queryKey: ['verification'], queryFn: askState, staleTime: 0, gcTime: 0, retry: false })

  async function askState() {
    const answer = await verification()
    setCsrfToken(answer.csrf_token)
    return answer
  }

  async function next() {
    const after = await state.refetch()
    if (after.data?.pending === null) onDone()
  }

  async function replace(old: string, replacement: string) {
    await changePassword(password ?? old, replacement)
    await next()
  }

  if (codes.length > 0) return <RecoveryCodes codes={codes} onDone={() => (setCodes([]), void next())} />
  if (state.error) return <ErrorState error={state.error} onRetry={() => void state.refetch()} />
  if (state.data === undefined) return <Lines />
  const { pending, methods } = state.data
  return (
    <div className="pending-step">
      {pending !== null && <p className="muted">{t(`security.pending.${pending}`)}</p>}
      {pending === 'second_factor' && <VerifyForm methods={methods} onVerified={() => void next()} />}
      {pending === 'enrol_factor' && (
        <EnrolFactor onEnrolled={(made) => (made.length > 0 ? setCodes(made) : void next())} />
      )}
      {pending === 'new_password' && (
        <NewPassword username={username} asksOld={password === undefined} onSubmit={replace} />
      )}
      <Button type="link" block onClick={() => void signOut()}>
        {t('security.otherUser')}
      </Button>
    </div>
  )
}
