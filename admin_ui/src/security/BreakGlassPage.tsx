// The page of the operator's link: one click lets somebody in, once. The token stands behind the #, where no log sees it.
import Alert from 'antd/es/alert'
import Button from 'antd/es/button'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { breakGlass } from '../api/security'
import type { Language } from '../api/types'
import { SignInCard } from '../frame/SignInCard'
import { useErrorText } from '../frame/useErrorText'

export function BreakGlassPage() {
  const { t, i18n } = useTranslation()
  const errorText = useErrorText()
  const [token] = useState(() => decodeURIComponent(window.location.hash.slice(1)))
  const [refusal, setRefusal] = useState(token === '' ? t('security.glassBroken') : null)
  const [isBusy, setBusy] = useState(false)

  async function enter() {
    setBusy(true)
    try {
      await breakGlass(token, i18n.language as Language)
      window.location.replace('/')
    } catch (error) {
      setRefusal(errorText(error))
      setBusy(false)
    }
  }

  return (
    <SignInCard title={t('security.glassTitle')}>
      {refusal === null ? (
        <>
          <p>{t('security.glassTold')}</p>
          <Button type="primary" block autoFocus loading={isBusy} onClick={() => void enter()}>
            {t('security.glassEnter')}
          </Button>
        </>
      ) : (
        <Alert type="error" showIcon role="alert" title={refusal} />
      )}
      <Button type="link" block onClick={() => window.location.assign('/')}>
        {t('security.backToSignIn')}
      </Button>
    </SignInCard>
  )
}
