/** @type {Record<string, string>} */
export default {
  "Look without signing in": "不登录，仅查看",
  Name: "用户名",
  "Open the page to sign in": "打开页面以登录",
  Password: "密码",
  "The file of users has an error; the users before it go on": "用户文件有错误；继续使用之前的用户",
  "Signing in …": "正在登录…",
  "Who may see this must sign in.": "查看此内容需要登录。",
};
