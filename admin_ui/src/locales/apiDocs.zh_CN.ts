// Texts of the API's documentation in Chinese.
export const apiDocsChinese = {
  title: 'API 文档',
  lead: '程序可以您的名义执行的操作。点击“Execute”会立即以您的会话在本组织中执行。',
  objects: '显示其专有操作的对象',
  body: '请求正文',
  download: '下载完整的 OpenAPI 文档',
}
