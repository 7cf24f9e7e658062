// The page of the link in the mail: the token stands behind the #, where no server and no log sees it.
import Alert from 'antd/es/alert'
import Button from 'antd/es/button'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { resetPassword } from '../api/security'
import type { Language } from '../api/types'
import { SignInCard } from '../frame/SignInCard'
import { NewPassword } from './NewPassword'

export function ResetPasswordPage() {
  const { t, i18n } = useTranslation()
  const [token] = useState(() => decodeURIComponent(window.location.hash.slice(1)))
  const [username, setUsername] = useState<string | null>(null)

  async function submit(_: string, replacement: string) {
    const answer = await resetPassword(token, replacement, i18n.language as Language)
    window.history.replaceState(null, '', window.location.pathname)
    setUsername(answer.username)
  }

  return (
    <SignInCard title={t('security.newPasswordTitle')}>
      {token === '' ? (
        <Alert type="error" showIcon title={t('security.linkBroken')} />
      ) : username === null ? (
        <NewPassword asksOld={false} onSubmit={submit} />
      ) : (
        <Alert type="success" showIcon role="status" title={t('security.passwordSet', { username })} />
      )}
      <Button type="link" block onClick={() => window.location.assign('/')}>
        {t('security.backToSignIn')}
      </Button>
    </SignInCard>
  )
}
