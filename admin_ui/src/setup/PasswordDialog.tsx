// A password that is shown this once and never again.
import Alert from 'antd/es/alert'
import Button from 'antd/es/button'
import Modal from 'antd/es/modal'
import { CopyOutlined } from '@ant-design/icons'
import { useTranslation } from 'react-i18next'
import { useReady } from '../frame/useReady'

export interface OneTimePassword {
  name: string
  username: string
  password: string
}

export function PasswordDialog({ shown, onClose }: { shown: OneTimePassword; onClose: () => void }) {
  const { t } = useTranslation()
  const ready = useReady()
  return (
    <Modal
      open
      title={t('user.passwordTitle', { name: shown.name })}
      okText={t('action.close')}
      onOk={onClose}
      onCancel={onClose}
      cancelButtonProps={{ style: { display: 'none' } }}
      mask={{ closable: false }}
    >
      <Alert type="warning" showIcon title={t('user.passwordOnce')} />
      <dl className="password">
        <dt>{t('user.username')}</dt>
        <dd>{shown.username}</dd>
        <dt>{t('signIn.password')}</dt>
        <dd>
          <code data-testid="one-time-password">{shown.password}</code>
          <Button
            size="small"
            icon={<CopyOutlined aria-hidden />}
            onClick={() => {
              void navigator.clipboard?.writeText(shown.password)
              ready(t('record.copied'))
            }}
          >
            {t('action.copy')}
          </Button>
        </dd>
      </dl>
    </Modal>
  )
}
