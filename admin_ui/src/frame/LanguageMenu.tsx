// Changes the language of the signed-in user, for good.
import { GlobalOutlined } from '@ant-design/icons'
import Button from 'antd/es/button'
import Dropdown from 'antd/es/dropdown'
import { useTranslation } from 'react-i18next'
import { useSwitchLanguage } from './useSwitchLanguage'

export function LanguageMenu() {
  const { t, i18n } = useTranslation()
  const change = useSwitchLanguage()
  return (
    <Dropdown
      trigger={['click']}
      menu={{
        selectedKeys: [i18n.language],
        items: [
          { key: 'zh_CN', label: <span lang="zh-CN">中文</span> },
          { key: 'en_US', label: <span lang="en">English</span> },
        ],
        onClick: ({ key }) => void change(key === 'zh_CN' ? 'zh_CN' : 'en_US'),
      }}
    >
      <Button type="text" icon={<GlobalOutlined aria-hidden />} aria-label={t('frame.language')} />
    </Dropdown>
  )
}
