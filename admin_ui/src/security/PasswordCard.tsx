// The password: when it was set, and another one.
import Button from 'antd/es/button'
import Modal from 'antd/es/modal'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { changePassword } from '../api/security'
import { useSession } from '../frame/session'
import { useReady } from '../frame/useReady'
import { useReader } from '../records/fields/useReader'
import { formatDateTime } from '../records/format'
import { NewPassword } from './NewPassword'
import { useMySecurity, useRefreshMySecurity } from './useMySecurity'

export function PasswordCard() {
  const { t } = useTranslation()
  const reader = useReader()
  const ready = useReady()
  const { user } = useSession()
  const mine = useMySecurity()
  const refresh = useRefreshMySecurity()
  const [isOpen, setOpen] = useState(false)

  async function change(old: string, replacement: string) {
    await changePassword(old, replacement)
    setOpen(false)
    ready(t('security.passwordChanged'))
    await refresh()
  }

  const changed = mine.data?.password_changed ?? null
  return (
    <section className="card" aria-labelledby="password-title">
      <header>
        <h2 id="password-title">{t('signIn.password')}</h2>
        <Button onClick={() => setOpen(true)}>{t('security.change')}</Button>
      </header>
      <p className="card-text">
        {changed === null
          ? t('security.noPassword')
          : t('security.passwordSince', { date: formatDateTime(changed, reader.language, reader.timeZone) })}
      </p>
      {isOpen && (
        <Modal open title={t('security.changeTitle')} footer={null} width={420} onCancel={() => setOpen(false)}>
          <p className="muted">{t('security.changeLead')}</p>
          <NewPassword username={user.username} asksOld onSubmit={change} />
        </Modal>
      )}
    </section>
  )
}
