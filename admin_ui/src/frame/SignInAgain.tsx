// The session has ended: sign in over the page, so that nothing typed on it is lost.
import Modal from 'antd/es/modal'
import { useTranslation } from 'react-i18next'
import { SignInForm } from './SignInForm'

export function SignInAgain({ username, onSignedIn }: { username: string; onSignedIn: () => void }) {
  const { t } = useTranslation()
  return (
    <Modal
      open
      title={t('signIn.again')}
      footer={null}
      closable={false}
      mask={{ closable: false }}
      keyboard={false}
      width={400}
    >
      <p className="muted">{t('signIn.againLead')}</p>
      <SignInForm username={username} onSignedIn={onSignedIn} />
    </Modal>
  )
}
