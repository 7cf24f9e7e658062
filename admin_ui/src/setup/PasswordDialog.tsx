// A password that is shown this once and never again.
import { useTranslation } from 'react-i18next'
import { SecretDialog } from './SecretDialog'

export interface OneTimePassword {
  name: string
  username: string
  password: string
}

export function PasswordDialog({ shown, onClose }: { shown: OneTimePassword; onClose: () => void }) {
  const { t } = useTranslation()
  return (
    <SecretDialog
      title={t('user.passwordTitle', { name: shown.name })}
      warning={t('user.passwordOnce')}
      lines={[
        { label: t('user.username'), value: shown.username },
        { label: t('signIn.password'), value: shown.password, toCopy: true, testId: 'one-time-password' },
      ]}
      onClose={onClose}
    />
  )
}
