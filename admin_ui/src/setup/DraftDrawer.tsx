// The drawer in which Setup's forms stand: problems above, save and cancel below.
import Alert from 'antd/es/alert'
import Button from 'antd/es/button'
import Drawer from 'antd/es/drawer'
import type { FormEvent, ReactNode } from 'react'
import { useTranslation } from 'react-i18next'

interface DraftDrawerProps {
  title: string
  problems: string[]
  isBusy: boolean
  onSubmit: () => void
  onClose: () => void
  children: ReactNode
  extra?: ReactNode
}

export function DraftDrawer({ title, problems, isBusy, onSubmit, onClose, children, extra }: DraftDrawerProps) {
  const { t } = useTranslation()
  function submit(event: FormEvent) {
    event.preventDefault()
    onSubmit()
  }
  return (
    <Drawer
      open
      size={560}
      title={title}
      onClose={onClose}
      // A slip of the mouse beside the drawer must not throw away what was typed.
      mask={{ closable: false }}
      footer={
        <div className="row">
          <Button type="primary" htmlType="submit" form="draft-form" loading={isBusy}>
            {t('action.save')}
          </Button>
          <Button onClick={onClose}>{t('action.cancel')}</Button>
          {extra}
        </div>
      }
    >
      <form id="draft-form" className="draft-form" noValidate onSubmit={submit}>
        {problems.length > 0 && <Alert type="error" showIcon role="alert" title={problems.join(' ')} />}
        {children}
      </form>
    </Drawer>
  )
}
