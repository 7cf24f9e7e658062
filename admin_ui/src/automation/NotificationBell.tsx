// The bell in the top bar, with the number of what is unread.
import { BellOutlined } from '@ant-design/icons'
import Button from 'antd/es/button'
import { lazy, Suspense, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { CountBadge } from './CountBadge'
import { useUnreadCount } from './useNotifications'

const NotificationDrawer = lazy(async () => ({ default: (await import('./NotificationDrawer')).NotificationDrawer }))

export function NotificationBell() {
  const { t } = useTranslation()
  const unread = useUnreadCount()
  const [isOpen, setOpen] = useState(false)
  return (
    <>
      <Button
        type="text"
        className="bell"
        aria-haspopup="dialog"
        aria-expanded={isOpen}
        aria-label={unread > 0 ? t('notification.bellUnread', { count: unread }) : t('notification.title')}
        icon={<BellOutlined aria-hidden />}
        onClick={() => setOpen(true)}
      >
        <CountBadge count={unread} />
      </Button>
      <Suspense fallback={null}>{isOpen && <NotificationDrawer onClose={() => setOpen(false)} />}</Suspense>
    </>
  )
}
