// The keys one can press, and which version this is.
import Modal from 'antd/es/modal'
import { useTranslation } from 'react-i18next'
import { useSession } from './session'

export function HelpDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  const { t } = useTranslation()
  const { version, tenant } = useSession()
  const keys: [string, string][] = [
    ['/', t('help.search')],
    ['c', t('help.create')],
    ['?', t('help.help')],
    ['↑ ↓ ← →', t('help.grid')],
    ['Enter · F2', t('help.edit')],
    ['Ctrl + Enter', t('help.save')],
    ['Esc', t('help.cancel')],
  ]
  return (
    <Modal open={open} onCancel={onClose} footer={null} title={t('help.title')} width={460}>
      <dl className="help-keys">
        {keys.map(([key, meaning]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
      <p className="muted small">
        Chassis {version} · {tenant.label} · <code>{tenant.organization_id}</code>
      </p>
    </Modal>
  )
}
